// Which view an address asks for.
//
// Owns: the form of the own addresses. Never does: look into the secret; that is the client library's.

export type Route = "home" | "join" | "clinic" | "device" | "missing";

export function routeOf(path: string): Route {
  if (path === "/" || path === "/index.html") return "home";
  if (path === "/clinic" || path === "/device") return path === "/clinic" ? "clinic" : "device";
  return /^\/j(\/|$)/.test(path) ? "join" : "missing";
}
