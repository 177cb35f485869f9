# attack: a file of comments and constants, in which no function that was asked for is defined
# status: wrong
# points: 0
ANSWER = 42
