# Makes a text file the members of a C string: each line becomes a string literal.
s/[\"]/\\&/g
s/^/"/
s/$/\\n"/
