"""What people answer: labels, questions, decisions."""
