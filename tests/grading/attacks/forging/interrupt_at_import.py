# attack: KeyboardInterrupt while the file is imported
# status: crashed
# points: 0
raise KeyboardInterrupt("^C")
