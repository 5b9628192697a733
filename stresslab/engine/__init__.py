"""What happens to the borrowers: parameters, random numbers, behaviours, the loop."""
