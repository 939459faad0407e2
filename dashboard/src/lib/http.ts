/** The one way to the service: same origin, JSON, problem documents as ApiError. */
import type { Problem } from "./api-types";

export class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  /** Seconds the service asked us to wait; set with 429 and 503. */
  readonly retryAfter: number | undefined;

  constructor(status: number, title: string, detail?: string, retryAfter?: number) {
    super(detail || title);
    this.name = "ApiError";
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
  }
}

/** Status 0: the request never got an answer. */
const unreachable = () =>
  new ApiError(0, "Unreachable", "The service does not answer. Is vedette serve running?");

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "title" in value;
}

async function failure(response: Response): Promise<ApiError> {
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const retryAfter = Number.isFinite(wait) ? wait : undefined;
  const plain = response.statusText || `HTTP ${response.status}`;
  try {
    const body: unknown = await response.json();
    if (isProblem(body)) {
      return new ApiError(response.status, body.title, body.detail, retryAfter);
    }
  } catch {
    // Not JSON: a proxy answered in the service's place.
  }
  return new ApiError(response.status, plain, undefined, retryAfter);
}

type Listener = () => void;
const unauthorised = new Set<Listener>();
/** Called whenever the service says that the session is over. */
export function onUnauthorised(listener: Listener): () => void {
  unauthorised.add(listener);
  return () => unauthorised.delete(listener);
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!response.ok) {
    if (response.status === 401 && path !== "login") unauthorised.forEach((call) => call());
    throw await failure(response);
  }
  const text = await response.text();
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, "Unreadable answer", `The answer to ${path} is not JSON.`);
  }
}

const json = { "Content-Type": "application/json" };

export const http = {
  get: <T>(path: string, signal?: AbortSignal) =>
    request<T>(path, { headers: { Accept: "application/json" }, signal: signal ?? null }),
  post: <T>(path: string, body: unknown = {}, signal?: AbortSignal) =>
    request<T>(path, { method: "POST", headers: json, body: JSON.stringify(body), signal: signal ?? null }),
  put: <T>(path: string, body: unknown) =>
    request<T>(path, { method: "PUT", headers: json, body: JSON.stringify(body) }),
  upload: <T>(path: string, body: Blob) =>
    request<T>(path, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body,
    }),
  // The content type marks the request as same-origin script, also without a body.
  remove: <T>(path: string) => request<T>(path, { method: "DELETE", headers: json }),
};

/** "verdicts" + {device: "a b", limit: 50, label: ""} → "verdicts?device=a%20b&limit=50". */
export function withQuery(
  path: string,
  query: Record<string, string | number | boolean | undefined>,
): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return parts.length === 0 ? path : `${path}?${parts.join("&")}`;
}
