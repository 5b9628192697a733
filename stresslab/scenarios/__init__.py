"""What happens to the economy: published scenarios, shocks, and stochastic paths around them."""
