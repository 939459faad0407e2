import { useState } from "react";
import type { DragEvent } from "react";
import { Icon } from "@/components/Icon";
import { ActionError } from "@/components/States";
import { bytes } from "@/lib/format";
import { useUpload } from "../api/models";

/** The service takes bodies up to 64 MiB. */
const bytesMax = 64 * 1024 * 1024;

export function Upload() {
  const upload = useUpload();
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState("");
  const send = (file: File | undefined) => {
    if (!file) return;
    setRefused("");
    if (file.size > bytesMax) setRefused(`${file.name} has ${bytes(file.size)}; at most ${bytes(bytesMax)} can be uploaded. Copy it into the folder of models instead.`);
    else upload.mutate(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send(event.dataTransfer.files[0]);
  };
  return (
    <div className="stack">
      <label className={over ? "drop over" : "drop"} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
        <input type="file" accept=".vdm" className="visually-hidden" disabled={upload.isPending} onChange={(event) => { send(event.target.files?.[0]); event.target.value = ""; }} />
        <span className="row" style={{ justifyContent: "center" }}>
          <Icon name="upload" />
          {upload.isPending ? "Uploading and checking…" : "Drop a .vdm file here, or choose one. It is checked and stored, not activated."}
        </span>
      </label>
      {refused && <p className="note alarm" role="alert">{refused}</p>}
      <ActionError error={upload.error} />
      {upload.isSuccess && <p className="note accent" role="status">Uploaded. Activate it when you want it to judge.</p>}
    </div>
  );
}
