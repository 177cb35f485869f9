# attack: prints without end while it is imported
# status: over limit
# points: 0
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")
while True:
    sys.stdout.write("importing …\n" * 1000)
