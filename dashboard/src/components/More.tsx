interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

export function More({ of }: { of: Paged }) {
  if (!of.hasNextPage) return null;
  return (
    <div className="more">
      <button type="button" className="button" disabled={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {of.isFetchingNextPage ? "Loading…" : "Show more"}
      </button>
    </div>
  );
}
