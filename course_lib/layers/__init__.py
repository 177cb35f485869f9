"""Blocks that several systems share.

masked       convolutions that see only what comes before, pixel by pixel and colour by colour
upsampling   transposed convolution as a matrix, as painting, as interpolation; resize-convolution
"""
