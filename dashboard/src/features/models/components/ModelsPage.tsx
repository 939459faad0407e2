import { PageHead } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Drift, Model, Status } from "@/lib/api-types";
import { useStatus } from "@/lib/queries";
import { useIsAdmin } from "@/lib/session";
import { useModels } from "../api/models";
import { ModelPanel } from "./ModelPanel";
import { Upload } from "./Upload";

/** What judges now comes first, then the newest. */
function inOrder(models: readonly Model[]): Model[] {
  return [...models].sort((a, b) => Number(b.active) - Number(a.active) || Date.parse(b.created) - Date.parse(a.created));
}

/** Drift is watched of the models that judge. */
function driftOf(model: Model, drift: Status["drift"] | undefined): Drift | null {
  const one = drift?.[model.record_kind];
  return model.active && one?.model === model.id ? one : null;
}

export function ModelsPage() {
  const models = useModels();
  const drift = useStatus().data?.drift;
  const admin = useIsAdmin();
  return (
    <>
      <PageHead title="Models" lead="One active model judges each kind of record." />
      <Answer of={models}>
        {(all) => all.length > 0 ? (
          <>{inOrder(all).map((model) => <ModelPanel key={model.id} model={model} expanded={model.active} drift={driftOf(model, drift)} />)}</>
        ) : (
          <section className="panel">
            <Empty icon="models" title="No models yet">Train one with <code>vedette train iot.vds --model tree -o tree.vdm</code> and upload it below, or put it into the folder of models.</Empty>
          </section>
        )}
      </Answer>
      {admin && <Upload />}
    </>
  );
}
