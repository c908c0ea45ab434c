// Which view an address asks for.
//
// Owns: the form of the own addresses. Never does: look into the secret; that is the client library's.

export type Route = "home" | "join" | "clinic" | "device" | "privacy" | "missing";

export function routeOf(path: string): Route {
  if (path === "/" || path === "/index.html") return "home";
  const page = (["clinic", "device", "privacy"] as const).find((name) => path === `/${name}`);
  if (page) return page;
  return /^\/j(\/|$)/.test(path) ? "join" : "missing";
}
