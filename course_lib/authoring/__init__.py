"""Tools for those who write the book's pages.

notebooks    notebooks as text and back, execution, what is wrong with one
screenshots  every page as a picture: wide and narrow, light and dark
"""
