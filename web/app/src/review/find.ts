// Owns: being loaded after the lobby, and not with it. Never does: anything else.

export { listRecordings } from "@rapport/client";
