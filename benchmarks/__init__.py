"""Speed and memory, side by side with a baseline in one run. Figures are ratios: machines differ."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before numpy is imported
