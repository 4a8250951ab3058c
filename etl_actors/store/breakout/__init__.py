"""Tables that come from the documents: how they grow, are filled anew, and give the documents again."""
