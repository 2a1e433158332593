"""What a partner may see of a run: identities replaced, secrets and message bodies gone, every octet in its place.

Nothing changes its length, so offsets, lengths, frame numbers and the relations between values stay as they were.
It stands on neither side: it knows the forms of messages and judges none.
"""
