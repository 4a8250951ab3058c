"""A batch's one fenced transaction: what is copied, who wins, what lands, what is refused."""
