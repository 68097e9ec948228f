// Proposes a handle from the e-mail until the visitor writes one; the server proposes the same way.
"use strict";

const email = document.getElementById("email");
const handle = document.getElementById("handle");
let own = handle.value !== "";

handle.addEventListener("input", () => { own = handle.value !== ""; });
email.addEventListener("input", () => {
  if (own) return;
  handle.value = email.value.split("@")[0].split("+")[0].normalize("NFKD").toLowerCase()
    .replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^[-0-9]+|-+$/g, "")
    .slice(0, 30).replace(/-+$/, "");
});
