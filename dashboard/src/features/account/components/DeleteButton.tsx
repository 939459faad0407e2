import { AskTwice } from "@/components/AskTwice";
import { Icon } from "@/components/Icon";

export function DeleteButton({ what, busy, onDelete }: { what: string; busy: boolean; onDelete: () => void }) {
  return (
    <AskTwice label={`Delete ${what}`} look="small ghost" sure="Delete" busy={busy} onSure={onDelete}>
      <Icon name="trash" size={14} />
    </AskTwice>
  );
}
