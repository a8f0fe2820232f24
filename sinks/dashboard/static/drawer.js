// A ticket over whatever view it was opened from. The address says which.

import { closeTicket, ticket as ticketInAddress } from "./address.js";
import { Refused, inWords } from "./asking.js";
import { assignmentOf, showAssignment } from "./assignment.js";
import { byId, say } from "./elements.js";
import { Poll } from "./poll.js";
import { predictionsOf, showPredictions } from "./predictions.js";
import { createSummary, forgetSummary } from "./summary.js";
import { forgetSuggestions, suggestFor } from "./suggestions.js";
import { conversationOf, expectTicket, showCorrections, showMissing, showTicket } from "./ticket.js";

const EVERY_MS = 5000;

export function createDrawer({ tenant, paused }) {
  const dialog = byId("drawer");
  let summarised = null;
  createSummary({ tenant });
  const poll = new Poll({
    every: () => EVERY_MS,
    parts: () => [
      [conversationOf(ticketInAddress()), { tenant: tenant() }, showWhole, missing],
      ["corrections", { tenant: tenant(), ticket_id: ticketInAddress(), limit: 200 }, showCorrections, unknown],
      [assignmentOf(ticketInAddress()), { tenant: tenant() }, showAssignment, unknown],
      [predictionsOf(ticketInAddress()), { tenant: tenant() }, showPredictions, unknown],
    ],
    told(error) {
      byId("drawer-notice").hidden = !error;
      if (error) say("drawer-notice", `${inWords(error)} Trying again.`);
    },
  });

  function showWhole(whole) {
    showTicket(whole, () => poll.start({ once: paused() }));
    suggestFor(whole.ticket_id, whole.tenant);
  }

  function missing(error) {
    if (!(error instanceof Refused) || error.status !== 404) return false;
    showMissing(ticketInAddress(), tenant());
    return true;
  }

  // A page that keeps no corrections still shows tickets.
  function unknown(error) {
    return error instanceof Refused && error.status === 404;
  }

  dialog.addEventListener("close", () => closeTicket());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  byId("drawer-close").addEventListener("click", () => dialog.close());

  return {
    // As the address has it.
    sync() {
      const wanted = ticketInAddress();
      poll.stop();
      if (!wanted) {
        forgetSuggestions();
        return void (dialog.open && dialog.close());
      }
      expectTicket(wanted);
      const whose = JSON.stringify([tenant(), wanted]);
      if (whose !== summarised) forgetSummary();
      summarised = whose;
      if (!dialog.open) {
        dialog.showModal();
        dialog.scrollTop = 0;
      }
      // Somebody who stopped the page to read still gets the ticket.
      if (!document.hidden) poll.start({ once: paused() });
    },
    stop: () => poll.stop(),
  };
}
