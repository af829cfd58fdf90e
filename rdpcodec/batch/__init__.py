"""Many pictures in one run: what is to be done, one file of it, processes here or elsewhere."""

from rdpcodec.batch.cluster import Cluster, run_on
from rdpcodec.batch.jobs import Job, Plan, plan, read_list
from rdpcodec.batch.pool import run
from rdpcodec.batch.record import Record, read_done
from rdpcodec.batch.work import Compressing, Decompressing, compress_file, decompress_file, lost

__all__ = [
    "Cluster",
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
    "run_on",
]
