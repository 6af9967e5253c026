"""USB keypads as the kernel's input events tell them."""
