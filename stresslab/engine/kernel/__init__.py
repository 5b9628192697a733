"""The compiled month of borrowers: records, random numbers, behaviours, steps of a month, the loop over months."""
