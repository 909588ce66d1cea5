"""worldsim: learn worlds from simulator rollouts, imagine them, and measure the imagination against the simulator."""
