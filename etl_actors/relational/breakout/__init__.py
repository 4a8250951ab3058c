"""Documents become tables by themselves: what was seen of them decides the layout, and the layout how each is broken out."""
