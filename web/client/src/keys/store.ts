// What this browser keeps of SK-1: IndexedDB, database `rapport.keys` (SK-1.md, section 3).
//
// Owns: reading and writing, and the memory of a page where the browser refuses. Never does: see a private key; the
// browser keeps those as objects that can't be read.

import type { Contact } from "./contacts.ts";
import { newDevice, type Device } from "./device.ts";
import type { Entry } from "./messages.ts";

/** Therapist and guest are different devices in one browser, so that somebody may try their own link. */
export type Role = "host" | "guest";

/** A host's map of one room, so that its reload changes nothing for anybody. */
export interface KeptMap {
  entries: Entry[];
  /** Unix time in ms. */
  keptAt: number;
}

/** A link that this browser has made. */
export interface KeptLink {
  invitation: string;
  /** What stands after its `#`. */
  fragment: string;
  /** Unix time in seconds. */
  expires: number;
}

export class Store {
  readonly #shelf: Shelf;
  /** Whether anything outlives this page; a private window keeps nothing, and says so. */
  readonly lasting: boolean;

  private constructor(shelf: Shelf, lasting: boolean) {
    this.#shelf = shelf;
    this.lasting = lasting;
  }

  /** One for the page: where nothing is kept, another one would be another device; elsewhere opening takes its time. */
  static ofPage(): Promise<Store> {
    return (ofPage ??= Store.open());
  }

  static async open(factory: IDBFactory | undefined = globalThis.indexedDB): Promise<Store> {
    try {
      const shelf = await DatabaseShelf.open(factory);
      return new Store(shelf, true);
    } catch {
      // whatever a browser's reason is: what is not kept is told, and nothing else differs
      return new Store(new MemoryShelf(), false);
    }
  }

  /** The device of this role; made when it is first wanted. */
  async device(role: Role): Promise<Device> {
    const kept = await this.knownDevice(role);
    if (kept) return kept;
    const { device } = await newDevice();
    // a second tab may have been faster: the one that is kept is the device
    return this.#shelf.putFirst(`device ${role}`, device);
  }

  /** The device of this role, if there is one. */
  async knownDevice(role: Role): Promise<Device | undefined> {
    return this.#shelf.get(`device ${role}`);
  }

  /** From now on this is the device of the role. */
  async keepDevice(role: Role, device: Device): Promise<void> {
    await this.#shelf.put(`device ${role}`, device);
  }

  async certificate(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#shelf.get("certificate");
  }

  async keepCertificate(certificate: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#shelf.put("certificate", certificate);
  }

  async contacts(): Promise<Contact[]> {
    return (await this.#shelf.get<Contact[]>("contacts")) ?? [];
  }

  async keepContacts(contacts: Contact[]): Promise<void> {
    await this.#shelf.put("contacts", contacts);
  }

  /** Of a room, unless it is older than a session lasts. `now` in Unix ms. */
  async map(room: string, now: number): Promise<Entry[]> {
    const kept = await this.#shelf.get<KeptMap>(`map ${room}`);
    return kept && now - kept.keptAt < MAP_LASTS_MS ? kept.entries : [];
  }

  async keepMap(room: string, entries: Entry[], now: number): Promise<void> {
    await this.#shelf.put<KeptMap>(`map ${room}`, { entries, keptAt: now });
  }

  async links(room: string): Promise<KeptLink[]> {
    return (await this.#shelf.get<KeptLink[]>(`links ${room}`)) ?? [];
  }

  async keepLinks(room: string, links: KeptLink[]): Promise<void> {
    await this.#shelf.put(`links ${room}`, links);
  }
}

/** Values by name. */
interface Shelf {
  get<T>(name: string): Promise<T | undefined>;
  put<T>(name: string, value: T): Promise<void>;
  /** Unless there is one already; returns the one that is there then. */
  putFirst<T>(name: string, value: T): Promise<T>;
}

class MemoryShelf implements Shelf {
  readonly #values = new Map<string, unknown>();

  get<T>(name: string): Promise<T | undefined> {
    return Promise.resolve(this.#values.get(name) as T | undefined);
  }

  put<T>(name: string, value: T): Promise<void> {
    this.#values.set(name, value);
    return Promise.resolve();
  }

  putFirst<T>(name: string, value: T): Promise<T> {
    if (!this.#values.has(name)) this.#values.set(name, value);
    return Promise.resolve(this.#values.get(name) as T);
  }
}

class DatabaseShelf implements Shelf {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(factory: IDBFactory | undefined): Promise<DatabaseShelf> {
    if (!factory) throw new Error("this browser has no IndexedDB");
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(VALUES);
    const shelf = new DatabaseShelf(await done(request));
    // some browsers open it in a private window and refuse to write
    await shelf.put("opened", true);
    return shelf;
  }

  get<T>(name: string): Promise<T | undefined> {
    return done(this.#values("readonly").get(name) as IDBRequest<T | undefined>);
  }

  async put<T>(name: string, value: T): Promise<void> {
    await done(this.#values("readwrite").put(value, name));
  }

  async putFirst<T>(name: string, value: T): Promise<T> {
    // both requests are of one transaction: nobody comes between them
    const values = this.#values("readwrite");
    const kept = await done(values.get(name) as IDBRequest<T | undefined>);
    if (kept !== undefined) return kept;
    await done(values.put(value, name));
    return value;
  }

  #values(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(VALUES, mode).objectStore(VALUES);
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed without a reason"));
  });
}

let ofPage: Promise<Store> | undefined;

const DATABASE = "rapport.keys";
const VALUES = "values";

/** No session is longer. */
const MAP_LASTS_MS = 12 * 3600 * 1000;
