"""What Redis keeps for signed-in browsers: sessions, tickets and grants, all sealed; and the assertion for apps."""
