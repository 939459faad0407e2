import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/http";
import { SignIn, explain } from "./components/SignIn";

describe("a refused sign-in", () => {
  it("says how long to wait", () => {
    expect(explain(new ApiError(429, "Too Many Requests", "", 240))).toBe("Too many failed attempts. Try again in 4 min.");
  });
  it("does not say which of both was wrong", () => {
    expect(explain(new ApiError(401, "Unauthorized"))).toBe("User or password is wrong.");
  });
});

describe("the form", () => {
  it("sends what was typed and hands over who signed in", async () => {
    const answer = vi.fn<typeof fetch>().mockResolvedValue(new Response('{"user":"anna","role":"viewer"}'));
    vi.stubGlobal("fetch", answer);
    const signedIn = vi.fn();
    render(<QueryClientProvider client={new QueryClient()}><SignIn onSignedIn={signedIn} /></QueryClientProvider>);
    fireEvent.change(screen.getByLabelText("User"), { target: { value: "anna" } });
    fireEvent.change(screen.getByLabelText("Password"), { target: { value: "long enough" } });
    fireEvent.submit(screen.getByRole("button").closest("form")!);
    await waitFor(() => expect(signedIn).toHaveBeenCalled());
    expect(signedIn.mock.calls[0]![0]).toEqual({ user: "anna", role: "viewer" });
    expect(answer.mock.calls[0]![1]?.body).toBe('{"user":"anna","password":"long enough"}');
  });
});
