import { PageHead } from "@/components/Panel";
import { useIsAdmin, useSession } from "@/lib/session";
import { Audit } from "./Audit";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

export function AccountPage() {
  const { me, signOut } = useSession();
  const admin = useIsAdmin();
  return (
    <>
      <PageHead title="Account" lead={<>Signed in as <b>{me.user}</b>, {me.role}.</>}>
        <button type="button" className="button" onClick={signOut}>Sign out</button>
      </PageHead>
      <div className={admin ? "columns" : "stack"}>
        <Tokens />
        {admin && <Users />}
      </div>
      {admin && <Audit />}
    </>
  );
}
