// Makes a cell easier to use; everything on the page works without it.
