# Makes a text the C source of lab_guest_init: each line becomes a string literal.
1i #include "lab/guest_init.h"
1i const char lab_guest_init[] =
s/[\"]/\\&/g
s/^/"/
s/$/\\n"/
$a ;
