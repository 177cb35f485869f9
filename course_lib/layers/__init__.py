"""Blocks that several systems share.

conditioning        a class or attributes beside a vector, beside an image, in an inner product
deconvnet           ways back through a convolutional network, from its features to pixels
masked              convolutions that see only what comes before, pixel by pixel and colour by colour
minibatch           features of how near the examples of a batch are to each other
pyramid             an image as a small one and the differences that it lacks
upsampling          transposed convolution as a matrix, as painting, as interpolation; resize-convolution
virtual_batch_norm  batch normalisation by a reference batch and the example itself
"""
