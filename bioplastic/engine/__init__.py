"""How a network is computed: the only room that touches Brian's devices and preferences."""
