"""Human feedback: labels, questions, decisions."""
