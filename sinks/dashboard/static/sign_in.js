// Who looks: a token for a cookie that no script can read, and back.

import { Refused, ask, inWords, whenSignInIsWanted } from "./asking.js";
import { byId, say } from "./elements.js";

// `changed` is called when somebody signed in or out, `see` with the tenants that a token is for.
export function createSignIn({ changed, see }) {
  const dialog = byId("sign-in");
  const form = byId("sign-in-form");
  whenSignInIsWanted(() => {
    if (dialog.open) return;
    byId("sign-out").hidden = true;
    dialog.showModal();
  });
  // There is nothing to go back to without a token.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("sign-in-said", "Asking…");
    try {
      await ask("session", {}, { method: "POST", body: { token: form.elements.token.value } });
      form.reset();
      say("sign-in-said", "");
      dialog.close();
      await who(see);
      changed();
    } catch (error) {
      say("sign-in-said", error instanceof Refused && error.status === 401 ? "No such token, or it is over." : inWords(error));
      form.elements.token.select();
    }
  });
  byId("sign-out").addEventListener("click", async () => {
    try {
      await ask("session", {}, { method: "DELETE" });
    } finally {
      byId("sign-out").hidden = true;
      changed();
    }
  });
  // Asked once somebody is known to be let in: a page that has to sign in first would only hear so twice.
  return { who: () => who(see) };
}

// Without tokens everything is open, and there is nobody to sign out.
async function who(see) {
  try {
    const { name, tenants, open, rights } = await ask("session");
    byId("sign-out").hidden = open;
    byId("sign-out").title = `Signed in as ${name}`;
    document.documentElement.dataset.may = rights.join(" ");
    if (tenants?.length) see(tenants);
  } catch {
    byId("sign-out").hidden = true;
  }
}
