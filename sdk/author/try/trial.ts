// SPDX-License-Identifier: MIT
/**
 * Tries a module: serves it in a private place and calls its hooks through libpam, as an application does.
 *
 * @module
 */

import { join } from "node:path";
import { codeIn, withCode } from "../../coded.ts";
import type { Layout } from "../../config/layout.ts";
import { missingPermissions, type ScopedPermissions } from "../../config/permissions.ts";
import { stat } from "../../config/place.ts";
import { LINE_TYPES, type LineType } from "../../hooks.ts";
import type { ServiceLine } from "../../libpam/mod.ts";
import { keepDescriptors, SOCKET_PATH_MAX } from "../../supervisor/descriptors.ts";
import { dropLoaderVariables, type Launcher, makeLauncher, ownUser } from "../../supervisor/launch.ts";
import { loadComplaint } from "../../supervisor/load_complaint.ts";
import { type ModuleSocket, prepareModuleSocket } from "../../supervisor/socket.ts";
import { endStrays } from "../../supervisor/strays.ts";
import { checkReach, type Identity, pickThrowawayUid } from "../../supervisor/uid.ts";
import { bundleSubject, type SubjectBundle } from "../bundle.ts";
import type { Subject } from "../subject.ts";
import { Application, MAIN } from "./applicant.ts";
import type { Call, CallFlag, CallOutcome, Items } from "./application_words.ts";
import { AttemptError, AttemptWorker, type LogLine } from "./attempt_worker.ts";
import { type AskedPermission, readAudit } from "./audit.ts";
import { resolveDeclared } from "./permissions.ts";
import { Places } from "./places.ts";
import type { Person } from "./person.ts";
import { Scene } from "./scene.ts";
import type { Declared, Sighting } from "./sighting.ts";

/** What a module is tried with. */
export interface TrialOptions {
  readonly subject: Subject;
  readonly layout: Layout;
  /** The shim. */
  readonly shim: string;
  /** The words behind the module's name on the pam.d line. */
  readonly words: readonly string[];
  /** The grants of its lines, if not those that it declares. */
  readonly grants: readonly string[] | undefined;
  /** Permissions beside those that it declares. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  /** The time from which its clock runs on, if not the machine's. */
  readonly now: Temporal.Instant | undefined;
  /** The shim's `timeout=`. */
  readonly timeout: string | undefined;
  /** Who answers. */
  readonly person: Person;
  /** Whether it is to be served more than once. */
  readonly again: boolean;
}

/** A module that is served to be tried. */
export interface Served {
  /** What it declares. */
  readonly declared: Declared;
  /** What its process may do. */
  readonly permissions: ScopedPermissions;
  /** Its bundle. */
  readonly bundle: SubjectBundle;
}

/** What was seen of one call, from all sides. */
export interface Seen {
  /** What the application called. */
  readonly call: Call;
  /** What came of it there. */
  readonly outcome: CallOutcome;
  /** What was seen of the hooks behind it from within the worker; none if it was not asked. */
  readonly sightings: readonly Sighting[];
  /** What the module logged. */
  readonly log: readonly LogLine[];
  /** What the shim and libpam logged. */
  readonly systemLog: readonly string[];
  /** Why the worker is not there any more, or that it is held up. */
  readonly trouble: string | undefined;
  /** What its code asked for of permissions, so far. */
  readonly permissions: readonly AskedPermission[];
}

/** The application's side of a login. */
export interface Login {
  readonly service: string;
  readonly user: string | undefined;
  readonly items: Items;
  readonly environment: Readonly<Record<string, string>>;
}

/** The programs of a trial. */
const PROGRAMS = { worker: "try_worker.js", application: "try_application" } as const;

/** A trial: an application, and a module that is served to it. */
export class Trial implements AsyncDisposable {
  readonly scene: Scene;
  readonly places: Places;
  readonly application: Application;
  readonly #options: TrialOptions;
  #launcher: Launcher | undefined;
  readonly #identity: Identity | undefined;
  readonly #socket: ModuleSocket;
  readonly #known: Promise<void>;
  /** The files that the last bundle was made of; none if there was none. */
  lastInputs: readonly string[] = [];
  readonly #working = new Set<Promise<void>>();
  #worker: AttemptWorker | undefined;
  #served: Served | undefined;
  /** What the module was granted the last time: mostly it is the same again. */
  #guess: ScopedPermissions = {};

  /** Makes the place, and starts the application. */
  constructor(options: TrialOptions) {
    this.#options = options;
    const { layout, person, subject } = options;
    dropLoaderVariables();
    keepDescriptors();
    const programs = Object.values(PROGRAMS).map((name) => join(layout.libDir, name));
    const missing = programs.find((path) => !stat(path));
    if (missing) {
      const text = `${missing}: it is not there: reinstall the package, or run \`deno task build\``;
      throw new AttemptError(withCode("runtime-missing", text));
    }
    this.#identity = throwawayIdentity();
    const scene = this.scene = new Scene(this.#identity);
    const left = SOCKET_PATH_MAX - `${scene.runtimeDir}/.sock~`.length;
    this.name = subject.name.slice(0, Math.max(0, left));
    this.places = new Places({ files: scene.files, folder: subject.folder });
    try {
      this.application = new Application(Deno.realPathSync(join(layout.libDir, PROGRAMS.application)));
      this.application.answerer = (messages) => person.answer(messages);
      this.#known = this.application.ready();
      this.#known.catch(() => {});
      if (this.name === "") {
        throw new AttemptError(`TMPDIR is too long for the path of a socket: use a shorter one`);
      }
      this.#socket = prepareModuleSocket(scene.runtimeDir, this.name);
      this.#socket.publish();
    } catch (error) {
      scene[Symbol.dispose]();
      throw error;
    }
  }

  /** Who the module runs as, if not as who tries it. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** What the module is called: by its own name, as far as that fits into the path of a socket. */
  readonly name: string;

  /** What is served, once something is. */
  get served(): Served {
    return this.#served!;
  }

  /**
   * Bundles the module and serves it, in place of what was served before. `onBundled` is told when its files are known.
   *
   * @throws {SubjectBundleError} if it cannot be bundled.
   * @throws {AttemptError} if it does not load, or asks for what nobody is granted.
   */
  async serve(onBundled: () => void = () => {}): Promise<Served> {
    const before = this.#worker;
    this.#worker = undefined;
    this.lastInputs = [];
    const bundling = this.#bundle();
    // Other processes bundle while this one looks at what it starts workers with.
    this.#launcher ??= this.#findLauncher();
    const [bundle] = await Promise.all([bundling, before?.end()]);
    this.lastInputs = bundle.inputs;
    onBundled();
    try {
      return await this.#serve(bundle);
    } catch (error) {
      if (error instanceof AttemptError) throw new AttemptError(this.#explain(error.message));
      throw error;
    }
  }

  /** How workers are started, who as root are others and have to get to their files. */
  #findLauncher(): Launcher {
    const { files } = this.scene;
    const launcher = makeLauncher(files);
    const paths = [join(this.#options.layout.libDir, PROGRAMS.worker), launcher.program, files];
    if (this.#identity) checkReach(this.#identity, paths);
    return launcher;
  }

  #bundle(): Promise<SubjectBundle> {
    const { subject, layout } = this.#options;
    const bundling = bundleSubject(subject, layout, this.scene.work);
    this.beforeEnd(bundling);
    return bundling;
  }

  async #serve(bundle: SubjectBundle): Promise<Served> {
    let worker = this.#start(bundle, this.#guess);
    const declared = await worker.declared;
    const { allowed, words } = this.#options;
    const permissions = resolveDeclared(declared.permissions, { allowed, words });
    if (!isSame(permissions, this.#guess)) {
      await worker.end();
      this.#guess = permissions;
      worker = this.#start(bundle, permissions);
    }
    await worker.ready;
    this.scene.knowModule(this.name, declared.hooks);
    return this.#served = { declared, permissions, bundle };
  }

  /** What a worker that does not serve has said, with the author's places. */
  #explain(message: string): string {
    const { files: folder } = this.scene;
    const said = message.split("\n").map((line) => this.places.clean(loadComplaint(line, { folder })));
    const text = `${this.#options.subject.word}: it cannot be served: ${said.join("\n  ")}`;
    return codeIn(text) === undefined ? withCode("module-broken", text) : text;
  }

  /** Begins a login. */
  async begin({ service, user, items, environment }: Login, handle: string = MAIN): Promise<void> {
    await this.#known;
    const { services: confdir } = this.scene;
    await this.application.start({ handle, service, user, confdir, items, environment });
  }

  /** Calls a service function, and gives what was seen of it. */
  async call(call: Call, flags: readonly CallFlag[] = [], handle: string = MAIN): Promise<Seen> {
    const outcome = await this.application.call(call, flags, handle);
    const worker = this.#worker!;
    const answers = await worker.sync();
    return {
      call,
      outcome,
      sightings: worker.takeSightings(),
      log: worker.takeLog(),
      systemLog: this.application.takeLog(),
      trouble: answers ? undefined : `its worker ${worker.ending ?? "does not answer: it is held up"}`,
      permissions: readAudit(worker.readAudit(), { places: this.places, granted: this.served.permissions }),
    };
  }

  /** The grants of the module's line of a type. */
  grantsOf(type: LineType): readonly string[] {
    return this.#options.grants ?? this.served.declared.grants[type] ?? [];
  }

  /** The module's line of a type, as it is tried. */
  lineOf(type: LineType): ServiceLine {
    const { shim, words, timeout } = this.#options;
    const grants = this.grantsOf(type);
    const { configDir, runtimeDir } = this.scene;
    const args = [
      ...[`config_dir=${configDir}`, `runtime_dir=${runtimeDir}`],
      ...timeout === undefined ? [] : [`timeout=${timeout}`],
      ...grants.length === 0 ? [] : [`grant=${grants.join(",")}`],
      ...[this.name, ...words],
    ];
    return { type, control: "required", module: shim, args };
  }

  /** What works in the place, and must have ended before that is removed. */
  beforeEnd(work: Promise<unknown>): void {
    const settled = work.then(() => {}, () => {}).then(() => void this.#working.delete(settled));
    this.#working.add(settled);
  }

  /** Ends all of it, and removes the place. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#working);
    await Promise.all([this.#worker?.end(), this.application[Symbol.asyncDispose]()]);
    this.#socket[Symbol.dispose]();
    if (this.#identity && this.#launcher) {
      const own = ownUser(this.#launcher, this.#identity);
      if (own) await endStrays(own, this.name);
    }
    this.scene[Symbol.dispose]();
  }

  #start(bundle: SubjectBundle, permissions: ScopedPermissions): AttemptWorker {
    const { words, layout, now } = this.#options;
    return this.#worker = new AttemptWorker({
      scene: this.scene,
      launcher: this.#launcher!,
      runtime: Deno.realPathSync(join(layout.libDir, PROGRAMS.worker)),
      cache: cacheIn(layout, this.#options.again ? this.scene.cache : NO_CACHE),
      bundle,
      permissions,
      fd: this.#socket.fd,
      identity: this.#identity,
      told: { name: this.name, words, ...now === undefined ? {} : { now: now.toString() } },
    });
  }
}

/** Where nothing can be made: to write a cache takes longer than one start gains. */
const NO_CACHE = "/dev/null/none";

/** The compiled code of the runtime where it is installed, only read; else `own`. */
function cacheIn({ cacheDir }: Layout, own: string): string {
  const installed = join(cacheDir, "runtime");
  return stat(installed) ? installed : own;
}

function isSame(one: ScopedPermissions, other: ScopedPermissions): boolean {
  return missingPermissions(one, other).length === 0 && missingPermissions(other, one).length === 0;
}

function throwawayIdentity(): Identity | undefined {
  if (Deno.uid() !== 0) return undefined;
  const uid = pickThrowawayUid();
  return { uid, gid: uid, groups: [] };
}

/** The type of the pam.d line behind a service function. */
export function lineTypeOf(call: Call): LineType {
  return call === "changePassword" ? "password" : LINE_TYPES[call];
}
