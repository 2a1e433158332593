"""How terminals deviate: quirks and profiles as data, for the side that shows them and for the side that finds them."""
