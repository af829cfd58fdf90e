"""`python -m rdpcodec`."""

import sys

from rdpcodec.cli import main

if __name__ == "__main__":
    sys.exit(main())
