import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, http, onUnauthorised, withQuery } from "./http";

const answer = vi.fn<typeof fetch>();
beforeEach(() => {
  answer.mockReset();
  vi.stubGlobal("fetch", answer);
});

function problem(status: number, body: object, headers: Record<string, string> = {}) {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe("errors", () => {
  it("carry the problem document's detail, title and status", async () => {
    answer.mockResolvedValue(problem(404, { type: "about:blank", title: "Not Found", status: 404, detail: 'there is no device "x"' }));
    const error = await failureOf(http.get("devices/x"));
    expect(error).toMatchObject({ status: 404, title: "Not Found", message: 'there is no device "x"' });
  });
  it("fall back to the title when there is no detail", async () => {
    answer.mockResolvedValue(problem(403, { title: "Forbidden", status: 403 }));
    expect((await failureOf(http.get("users"))).message).toBe("Forbidden");
  });
  it("carry how long to wait", async () => {
    answer.mockResolvedValue(problem(429, { title: "Too Many Requests", status: 429 }, { "Retry-After": "240" }));
    expect((await failureOf(http.post("login", {}))).retryAfter).toBe(240);
  });
  it("survive a proxy that answers with a page", async () => {
    answer.mockResolvedValue(new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
    expect(await failureOf(http.get("status"))).toMatchObject({ status: 502, message: "Bad Gateway" });
  });
  it("say that the service is unreachable when there is no answer", async () => {
    answer.mockRejectedValue(new TypeError("Failed to fetch"));
    expect(await failureOf(http.get("status"))).toMatchObject({ status: 0, title: "Unreachable" });
  });
  it("say that a good answer is not JSON", async () => {
    answer.mockResolvedValue(new Response("hello", { status: 200 }));
    expect((await failureOf(http.get("status"))).title).toBe("Unreadable answer");
  });
});

describe("the session", () => {
  it("is over when any question but login is answered with 401", async () => {
    const over = vi.fn();
    const forget = onUnauthorised(over);
    answer.mockImplementation(async () => problem(401, { title: "Unauthorized", status: 401 }));
    await failureOf(http.post("login", {}));
    expect(over).not.toHaveBeenCalled();
    await failureOf(http.get("status"));
    expect(over).toHaveBeenCalledTimes(1);
    forget();
    await failureOf(http.get("status"));
    expect(over).toHaveBeenCalledTimes(1);
  });
});

describe("requests", () => {
  it("post JSON as such, which the service demands of cookies", async () => {
    answer.mockResolvedValue(new Response(null, { status: 204 }));
    await http.post("alerts/7", { acknowledged: true });
    const [path, init] = answer.mock.calls[0]!;
    expect(path).toBe("api/v1/alerts/7");
    expect(init).toMatchObject({ method: "POST", body: '{"acknowledged":true}', headers: { "Content-Type": "application/json" } });
  });
  it("delete with the same content type and accept an empty answer", async () => {
    answer.mockResolvedValue(new Response(null, { status: 204 }));
    expect(await http.remove("tokens/a")).toBeUndefined();
    expect(answer.mock.calls[0]![1]).toMatchObject({ method: "DELETE", headers: { "Content-Type": "application/json" } });
  });
  it("leave empty filters out and escape the others", () => {
    expect(withQuery("verdicts", { device: "a b&c", label: "", kind: undefined, limit: 50 })).toBe("verdicts?device=a%20b%26c&limit=50");
    expect(withQuery("verdicts", {})).toBe("verdicts");
  });
});
