# attack: by its coding: utf-7, what every other reader takes for a comment is code
# status: crashed
# points: 0

# a comment +AAo-import os +AAo-os._exit(0)
