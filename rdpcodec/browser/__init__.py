"""A picture as one page of HTML that blends its two ends while a slider moves."""

from rdpcodec.browser.page import Subject, page_of

__all__ = ["Subject", "page_of"]
