import { Component } from "react";
import type { ReactNode } from "react";
import { Failed } from "@/components/States";

/** A page that fails to draw must not take the navigation with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    if (!this.state.error) return this.props.children;
    return <section className="panel"><Failed error={this.state.error} retry={() => this.setState({ error: null })} /></section>;
  }
}
