"""What tests of the study share."""

import sys
from pathlib import Path

# Worker processes import the file of fake tasks by its name.
sys.path.append(str(Path(__file__).parent))
