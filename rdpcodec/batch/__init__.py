"""Many pictures in one run: what is to be done, one file of it, the processes, the records."""

from rdpcodec.batch.jobs import Job, Plan, plan, read_list
from rdpcodec.batch.pool import run
from rdpcodec.batch.record import Record, read_done
from rdpcodec.batch.work import Compressing, Decompressing, compress_file, decompress_file, lost

__all__ = [
    "Compressing",
    "Decompressing",
    "Job",
    "Plan",
    "Record",
    "compress_file",
    "decompress_file",
    "lost",
    "plan",
    "read_done",
    "read_list",
    "run",
]
