"""The side-by-side benchmark suite: `cli` leads, everything else has one job."""
