// Sends the form of the hand-off page at once.
document.querySelector("form[data-go]").submit();
