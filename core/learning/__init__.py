"""Learn from labelled CTs: data split by patient, networks, one training loop, and honest comparison."""

import core.segmentation  # noqa: F401  before torch starts its threads: says how they wait
