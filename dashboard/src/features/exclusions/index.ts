export { ExclusionsPage } from "./components/ExclusionsPage";
