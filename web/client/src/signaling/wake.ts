// Moments at which a lost connection is worth another try at once.
//
// Owns: listening for them. Never does: try.

/** `online` also tells that the network may be another one, so that old connections are dead. */
export type Wake = "online" | "visible";

/** Calls back when the network returns or the page is looked at again. Returns what ends it. */
export function onWake(listener: (wake: Wake) => void): () => void {
  const online = () => listener("online");
  const visible = () => {
    if (document.visibilityState === "visible") listener("visible");
  };
  addEventListener("online", online);
  document.addEventListener("visibilitychange", visible);
  return () => {
    removeEventListener("online", online);
    document.removeEventListener("visibilitychange", visible);
  };
}
