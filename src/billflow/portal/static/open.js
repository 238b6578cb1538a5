// Takes the token out of a frame's address, which no server sees and no history keeps, and sends it as a form.
const form = document.getElementById("open");
form.elements.token.value = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
form.submit();
