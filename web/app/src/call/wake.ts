// Keeps the screen of a phone from going dark while somebody talks.

/** Until what it returns is called. Where a browser can't, nothing happens. */
export function stayAwake(): () => void {
  let over = false;
  let lock: WakeLockSentinel | undefined;
  const ask = async (): Promise<void> => {
    if (over || document.visibilityState !== "visible") return;
    const held = await navigator.wakeLock?.request("screen").catch(() => undefined);
    if (over) await held?.release();
    else lock = held;
  };
  // The browser takes it back whenever the page is hidden.
  document.addEventListener("visibilitychange", ask);
  void ask();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", ask);
    void lock?.release();
  };
}
