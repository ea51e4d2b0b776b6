// What each role may do. Only to say it before it is tried: the server decides all the same.

const ROLES = ["viewer", "operator", "approver", "admin"];

/** The least role per action, as the audit names it; whatever is not named takes an operator. */
const LEAST = { view: "viewer", "approval.approve": "approver", recover: "admin", "recover.work": "admin" };

/** What usually waits for a second operator. */
const DANGEROUS = new Set(["order.deliver", "order.replace", "order.confirm-paid", "replay", "recover", "recover.work"]);

let me = null;

export const setMe = who => { me = who; };

/** { name, role } of who is logged in. */
export const who = () => me;

export const leastOf = action => LEAST[action] ?? "operator";

export const may = action => me !== null && ROLES.indexOf(me.role) >= ROLES.indexOf(leastOf(action));

export const takesTwo = action => DANGEROUS.has(action);
