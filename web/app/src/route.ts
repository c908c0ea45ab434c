// Which view an address asks for.
//
// Owns: the form of the own addresses. Never does: look into the secret; that is the client library's.

export type Route = "home" | "join" | "missing";

export function routeOf(path: string): Route {
  if (path === "/" || path === "/index.html") return "home";
  return /^\/j(\/|$)/.test(path) ? "join" : "missing";
}
